"""The sentences of the support desk, by the name of the reason."""

RESOURCES: dict[str, str] = {}

SENTENCES = {
    "INVALID_PHONE": "Invalid phone number. Begin with the country's code, such as +55.",
}
