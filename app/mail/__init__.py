"""HOW WE TELL PEOPLE: outbox, SMTP, templates."""
