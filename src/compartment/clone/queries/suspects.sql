-- Follows depending.sql. Whether dependants.sql, which costs more to plan, has to be asked.
SELECT true FROM dependants d WHERE d.outside IS NOT FALSE LIMIT 1
