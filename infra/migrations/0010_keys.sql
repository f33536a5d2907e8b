-- Keys of any kind: where a lane stands as a text, for tables whose key is no whole number. Lanes of numbers keep theirs
-- as they are. Safe on live tables: an earlier version knows numbers only, and leaves these columns alone.

SET @ddl = IF(
  EXISTS (SELECT 1 FROM information_schema.columns
          WHERE table_schema = DATABASE() AND table_name = 'batch_lanes' AND column_name = 'high_key'),
  'DO 0',
  'ALTER TABLE `batch_lanes`
     ADD COLUMN `low_key` VARBINARY(1500) NULL COMMENT ''exclusive; NULL: from the beginning'',
     ADD COLUMN `high_key` VARBINARY(1500) NULL COMMENT ''inclusive; NULL: the keys are whole numbers'',
     ADD COLUMN `cursor_key` VARBINARY(1500) NULL COMMENT ''every item up to here is worked off'',
     ADD COLUMN `look_upto_key` VARBINARY(1500) NULL COMMENT ''inclusive; NULL: high_key'',
     ADD COLUMN `skipped_after_key` VARBINARY(1500) NULL COMMENT ''exclusive'',
     ADD COLUMN `skipped_upto_key` VARBINARY(1500) NULL COMMENT ''inclusive'', ALGORITHM=INSTANT');
PREPARE migration FROM @ddl;
EXECUTE migration;
DEALLOCATE PREPARE migration;
