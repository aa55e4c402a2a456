"""The image, and what stands in front of it, for real; needs root, buildah, debootstrap, nginx."""
