"""Fields that check and normalise values; where a value is wrong they raise an ErrorReason."""
