"""The sentences that people read in Spanish, by the name of the reason."""

RESOURCES = {
    "user": "usuario",
    "session": "sesión",
    "page": "página",
}

SENTENCES = {
    "INVALID_DATA": "Hay un error en los campos indicados.",
    "DOES_NOT_EXIST": "No existe tal {}.",
    "ALREADY_EXISTS": "Ya existe un registro de {} con estos datos.",
    "EXCEPTION": "Ocurrió un error en el servidor. Contacte al administrador.",
    "REQUIRED": "Campo obligatorio",
    "INVALID_EMAIL": "Correo electrónico no válido.",
    "INVALID_CPF_CNPJ": "CPF o CNPJ no válido.",
    "INVALID_DATE": "Fecha no válida.",
    "INVALID_LOCALE": "Idioma no válido. Use {languages}.",
    "INVALID_COUNTRY": "País no válido. Use el código de tres letras, como BRA.",
    "INVALID_POSTCODE": "Código postal no válido. Un CEP tiene 8 dígitos.",
    "INVALID_STATE": "Estado no válido. Use la sigla de dos letras, como SP.",
    "TOO_SHORT": "Valor demasiado corto.",
    "TOO_LONG": "Valor demasiado largo.",
    "PASSWORD_TOO_COMMON": "Esta contraseña es demasiado común. Elija otra.",
    "PASSWORD_TOO_SIMILAR": (
        "Esta contraseña se parece demasiado al correo electrónico o al nombre. Elija otra."
    ),
    "INVALID_CREDENTIALS": "Correo electrónico o contraseña incorrectos.",
    "ACCOUNT_INACTIVE": "Esta cuenta está inactiva.",
    "EMAIL_NOT_VERIFIED": "Confirme su correo electrónico antes de iniciar sesión.",
    "TOKEN_MISSING": "Inicie sesión para continuar.",
    "TOKEN_INVALID": "Credencial de acceso no válida. Inicie sesión de nuevo.",
    "TOKEN_EXPIRED": "Su acceso venció. Renuévelo o inicie sesión de nuevo.",
    "TOKEN_REVOKED": "Esta sesión terminó. Inicie sesión de nuevo.",
    "TOKEN_REUSED": "Esta sesión se cerró por seguridad. Inicie sesión de nuevo.",
    "LINK_INVALID": "Este enlace no es válido o ya se usó.",
    "LINK_EXPIRED": "Este enlace venció. Solicite uno nuevo.",
    "PERMISSION_DENIED": "No tiene permiso para hacer esto.",
    "LAST_ADMIN": "Este es el último administrador. Primero nombre administrador a alguien más.",
    "TOO_MANY_ATTEMPTS": "Demasiados intentos. Espere e inténtelo de nuevo.",
    "MALFORMED_REQUEST": "No se pudo entender la solicitud.",
    "SYNTAX_ERROR": "La operación GraphQL tiene un error de sintaxis.",
    "INVALID_OPERATION": "La operación GraphQL no es válida para este esquema.",
    "OPERATION_TOO_COMPLEX": "La operación GraphQL supera los límites permitidos.",
    "PERSISTED_QUERY_NOT_FOUND": "No se encontró la operación persistida. Envíela completa.",
    "DATABASE_UNAVAILABLE": "El servicio no está disponible. Inténtelo de nuevo en un momento.",
    "OVERLOADED": "El servicio está sobrecargado. Inténtelo de nuevo en un momento.",
}
