-- What rowscore's login needs to look whether the database is in trouble (WAIT_IF). Each grant is wanted for one sign
-- only, and none of them shows a row of anybody's:
--
--   history_length  PROCESS, on MySQL; MariaDB asks for nothing
--   replica_lag     on each server of REPLICAS: REPLICATION CLIENT on MySQL, SLAVE MONITOR on MariaDB
--
-- threads_running needs no grant, and `query` what the query reads. Apply it with an administrator's login:
--
--   mysql --init-command="SET @login = 'scorer'" < infra/grants-wait.sql
--
-- A login of another host than '%' is @login_host.
SET @login = COALESCE(@login, 'scorer');
SET @login_host = COALESCE(@login_host, '%');

SET @ddl = CONCAT('GRANT ', IF(VERSION() LIKE '%MariaDB%', 'SLAVE MONITOR', 'PROCESS, REPLICATION CLIENT'),
  ' ON *.* TO ', QUOTE(@login), '@', QUOTE(@login_host));
PREPARE permission FROM @ddl;
EXECUTE permission;
DEALLOCATE PREPARE permission;
