-- The windows that are tried again are found by a key over columns that are stored: MariaDB 11.8 now and then does not
-- find a row by a key over a computed one, for an instant after the row was changed. The computed column stays, for an
-- earlier version that still asks for it. Safe on live tables.

SET @ddl = IF(
  EXISTS (SELECT 1 FROM information_schema.statistics
          WHERE table_schema = DATABASE() AND table_name = 'batch_runs' AND index_name = 'windows_to_try_again'
            AND column_name = 'attempt'),
  'DO 0',
  'ALTER TABLE `batch_runs`
     DROP KEY `windows_to_try_again`,
     ADD KEY `windows_to_try_again` (`items_table`, `job`, `kind`, `state`, `policy`, `attempt`)');
PREPARE migration FROM @ddl;
EXECUTE migration;
DEALLOCATE PREPARE migration;
