"""The image, and the proxy in front of it; needs root, buildah, debootstrap and nginx."""
