-- Whose end is still to be told, and by which ways: the end of a run is told at least once, whatever happens to whoever
-- ended it. NULL: nobody wanted to be told when the run was opened, or all were. So no run of before is told. Safe on live
-- tables.

SET @ddl = IF(
  EXISTS (SELECT 1 FROM information_schema.columns
          WHERE table_schema = DATABASE() AND table_name = 'batch_runs' AND column_name = 'to_tell'),
  'DO 0',
  'ALTER TABLE `batch_runs`
     ADD COLUMN `to_tell` SET(''bus'', ''topic'', ''lineage'') NULL COMMENT ''by which ways its end is still to be told; NULL: by none'',
     ADD KEY `ends_to_tell` (`items_table`, `job`, `to_tell`)');
PREPARE migration FROM @ddl;
EXECUTE migration;
DEALLOCATE PREPARE migration;
