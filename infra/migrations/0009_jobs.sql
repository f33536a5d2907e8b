-- Many jobs: a run, a tick and a failure belong to a job, which scores a table. What there is belongs to the job
-- `default`, that of the variables. A key of several columns, or of text, has its text beside the number. Safe on live
-- tables: an earlier version goes on meanwhile as the job `default`.

SET @ddl = IF(
  EXISTS (SELECT 1 FROM information_schema.columns
          WHERE table_schema = DATABASE() AND table_name = 'batch_runs' AND column_name = 'job'),
  'DO 0',
  'ALTER TABLE `batch_runs`
     ADD COLUMN `job` VARCHAR(64) NOT NULL DEFAULT ''default'' COMMENT ''what is scored, and how; default: as the variables have it'',
     DROP KEY `one_unfinished_run_of_a_kind`, ADD UNIQUE KEY `one_unfinished_run_of_a_kind` (`items_table`, `job`, `kind`, `unfinished`),
     DROP KEY `one_run_per_tick`, ADD UNIQUE KEY `one_run_per_tick` (`items_table`, `job`, `kind`, `tick`),
     DROP KEY `runs_of_a_table`, ADD KEY `runs_of_a_table` (`items_table`, `job`, `id`),
     DROP KEY `end_of_the_chain`, ADD KEY `end_of_the_chain` (`items_table`, `job`, `chain_end`),
     DROP KEY `windows_to_try_again`, ADD KEY `windows_to_try_again` (`items_table`, `job`, `kind`, `failed_attempt`),
     DROP KEY `empty_runs`, ADD KEY `empty_runs` (`items_table`, `job`, `empty_since`)');
PREPARE migration FROM @ddl;
EXECUTE migration;

SET @ddl = IF(
  EXISTS (SELECT 1 FROM information_schema.columns
          WHERE table_schema = DATABASE() AND table_name = 'item_failures' AND column_name = 'job'),
  'DO 0',
  'ALTER TABLE `item_failures`
     ADD COLUMN `job` VARCHAR(64) NOT NULL DEFAULT ''default'' COMMENT ''the job that failed on it'' AFTER `items_table`,
     ADD COLUMN `item_key` VARBINARY(1500) NOT NULL DEFAULT '''' COMMENT ''the key, where it is no whole number; item_id is 0 then'' AFTER `item_id`,
     DROP PRIMARY KEY, ADD PRIMARY KEY (`items_table`, `job`, `item_id`, `item_key`)');
PREPARE migration FROM @ddl;
EXECUTE migration;
DEALLOCATE PREPARE migration;
