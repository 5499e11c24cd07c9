import type { DataSource } from 'typeorm';

/**
 * One line for each thing that the schema is made of, as PostgreSQL itself writes it, without TypeORM's own table;
 * equal schemas give equal lists.
 */
export async function readCatalog(dataSource: DataSource): Promise<string[]> {
  const rows = await dataSource.query<{ line: string }[]>(
    `WITH relation AS (
       SELECT c.oid, c.relname, c.relkind FROM pg_class c
       WHERE c.relnamespace = 'public'::regnamespace AND c.relname NOT IN ('migrations', 'migrations_id_seq')
         AND NOT EXISTS (SELECT 1 FROM pg_index i WHERE i.indexrelid = c.oid AND i.indrelid = to_regclass('public.migrations'))
     )
     SELECT concat_ws(' ', r.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'NOT NULL' END,
                      'DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), nullif(a.attidentity::text, ''), nullif(a.attgenerated::text, '')) AS line
     FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
     LEFT JOIN pg_attrdef d ON d.adrelid = r.oid AND d.adnum = a.attnum
     WHERE r.relkind IN ('r', 'p', 'v', 'm')
     UNION ALL
     SELECT concat_ws(' ', r.relname, 'CONSTRAINT', c.conname, pg_get_constraintdef(c.oid)) FROM relation r JOIN pg_constraint c ON c.conrelid = r.oid
     WHERE c.contype <> 'n'
     UNION ALL
     SELECT pg_get_indexdef(oid) FROM relation WHERE relkind IN ('i', 'I')
     UNION ALL
     SELECT concat_ws(' ', relname, 'AS', pg_get_viewdef(oid)) FROM relation WHERE relkind IN ('v', 'm')
     UNION ALL
     SELECT 'SEQUENCE ' || relname FROM relation WHERE relkind = 'S'
     UNION ALL
     SELECT pg_get_triggerdef(t.oid) FROM relation r JOIN pg_trigger t ON t.tgrelid = r.oid WHERE NOT t.tgisinternal
     UNION ALL
     SELECT pg_get_functiondef(p.oid) FROM pg_proc p
     WHERE p.pronamespace = 'public'::regnamespace AND p.prokind IN ('f', 'p')
       AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE objid = p.oid AND deptype = 'e')
     UNION ALL
     SELECT concat_ws(' ', 'TYPE', t.typname, t.typtype, (SELECT string_agg(enumlabel, ', ' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid))
     FROM pg_type t WHERE t.typnamespace = 'public'::regnamespace AND t.typtype IN ('e', 'd')
     UNION ALL
     SELECT 'EXTENSION ' || extname FROM pg_extension
     ORDER BY line`,
  );
  return rows.map(({ line }) => line);
}
