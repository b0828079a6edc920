-- The look-up of a key answers its limits as well, for the headers of answers.
drop function if exists find_virtual_key(bytea);
