"""Fields with the rules of Brazil: CPF and CNPJ, CEP, UF."""

import re

from stdnum.br import cnpj, cpf

from app.errors import ErrorReason
from app.validation.text import Text, refuse

CPF_MASK = str.maketrans("", "", ".-/ ")
CPF = re.compile(r"[0-9]{11}")
CNPJ = re.compile(r"[0-9A-Z]{12}[0-9]{2}")
CEP_MASK = str.maketrans("", "", ".- ")
CEP = re.compile(r"(?!00)[0-9]{8}")  # the lowest is 01000-000
UF = re.compile("A[CLMP]|BA|CE|DF|ES|GO|M[AGST]|P[ABEIR]|R[JNORS]|S[CEP]|TO")


class CpfCnpj(Text):
    """A CPF or CNPJ, the alphanumeric CNPJ of 2026 included; without mask, upper case."""

    normal_form = "NFKC"

    def parse(self, text: str) -> str:
        number = text.upper().translate(CPF_MASK)
        kind = cpf if CPF.fullmatch(number) else cnpj if CNPJ.fullmatch(number) else None
        if kind is None or len(set(number)) == 1 or not kind.is_valid(number):
            raise refuse(ErrorReason.INVALID_CPF_CNPJ)
        return number


class Cep(Text):
    """A Brazilian postcode: eight digits, a mask is removed."""

    normal_form = "NFKC"

    def parse(self, text: str) -> str:
        digits = text.translate(CEP_MASK)
        if not CEP.fullmatch(digits):
            raise refuse(ErrorReason.INVALID_POSTCODE)
        return digits


class Uf(Text):
    """One of the 26 states of Brazil or the Distrito Federal, by its two letters in any case."""

    normal_form = "NFKC"

    def parse(self, text: str) -> str:
        letters = text.upper()
        if not UF.fullmatch(letters):
            raise refuse(ErrorReason.INVALID_STATE)
        return letters
