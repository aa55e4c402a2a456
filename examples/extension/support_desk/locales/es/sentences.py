"""The sentences of the support desk, by the name of the reason."""

RESOURCES: dict[str, str] = {}

SENTENCES = {
    "INVALID_PHONE": "Teléfono no válido. Incluya el código del país, como +55.",
}
