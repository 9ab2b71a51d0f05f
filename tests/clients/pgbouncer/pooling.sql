-- A token counts in the transaction that it was set in, whatever the client forgets.
ALTER ROLE app SET watertight.token_scope = 'transaction';
-- What a client put into a temporary table would stay on the connection.
REVOKE TEMPORARY ON DATABASE clinic FROM PUBLIC;
