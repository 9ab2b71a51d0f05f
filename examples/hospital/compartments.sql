-- An administrator, once: counts for sessions that begin afterwards. :"DBNAME" is psql's name for the present database.
ALTER DATABASE :"DBNAME" SET watertight.compartments = on;
GRANT CREATE ON DATABASE :"DBNAME" TO clinic_owner;
