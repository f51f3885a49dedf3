-- The mobile country codes there are, and their countries.
SELECT mcc, country_iso, country_name
FROM verify.mcc_codes
