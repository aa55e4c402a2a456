"""The sentences of the support desk, by the name of the reason."""

RESOURCES: dict[str, str] = {}

SENTENCES = {
    "INVALID_PHONE": "Telefone inválido. Informe o código do país, como +55.",
}
