-- Lanes that walk their window in order of the time of arrival. Safe on live tables: an earlier version makes no such lane.

SET @ddl = IF(
  EXISTS (SELECT 1 FROM information_schema.columns
          WHERE table_schema = DATABASE() AND table_name = 'batch_lanes' AND column_name = 'source'
            AND column_type LIKE '%arrivals%'),
  'DO 0',
  'ALTER TABLE `batch_lanes`
     MODIFY COLUMN `source` ENUM(''items'', ''failures'', ''arrivals'') NOT NULL
       COMMENT ''new items by their key, items set aside by earlier runs, or new items by their arrival'', ALGORITHM=INSTANT');
PREPARE migration FROM @ddl;
EXECUTE migration;
DEALLOCATE PREPARE migration;
