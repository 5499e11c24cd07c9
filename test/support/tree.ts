import type { DataSource } from 'typeorm';

/** One line for each message or room of the database that breaks a rule of the tree; empty when it is whole. */
export async function findTreeFaults(dataSource: DataSource): Promise<string[]> {
  const rows = await dataSource.query<{ fault: string }[]>(`
    SELECT 'parent of another room, not before it, or not one above: ' || m.id AS fault
    FROM messages m JOIN messages p ON p.id = m.parent_id
    WHERE p.chatroom_id <> m.chatroom_id OR p.position >= m.position OR p.depth <> m.depth - 1
    UNION ALL
    SELECT 'a root that is not at depth 1: ' || id FROM messages WHERE parent_id IS NULL AND depth <> 1
    UNION ALL
    SELECT 'positions have gaps: ' || c.id FROM chatrooms c
    WHERE c.last_position <> (SELECT count(*) FROM messages m WHERE m.chatroom_id = c.id)
       OR c.last_position <> coalesce((SELECT max(position) FROM messages m WHERE m.chatroom_id = c.id), 0)
    UNION ALL
    SELECT 'not the run of its parent, nor one of its own: ' || m.id FROM messages m LEFT JOIN messages p ON p.id = m.parent_id
    WHERE NOT CASE WHEN m.run = m.position THEN m.forked_run IS NOT DISTINCT FROM p.run ELSE m.run = p.run AND m.forked_run IS NULL END
    UNION ALL
    SELECT 'does not go on with the run, though it is the oldest child: ' || m.id FROM messages m JOIN messages p ON p.id = m.parent_id
    WHERE m.run <> p.run AND m.position = (SELECT min(s.position) FROM messages s WHERE s.parent_id = p.id)
    UNION ALL
    SELECT 'the active leaf is not a leaf of the room: ' || c.id FROM chatrooms c LEFT JOIN messages l ON l.id = c.active_leaf_id
    WHERE c.last_position > 0 AND (
      l.chatroom_id IS DISTINCT FROM c.id OR l.depth <> c.active_leaf_depth OR l.run <> c.active_run
      OR EXISTS (SELECT 1 FROM messages k WHERE k.parent_id = l.id)
    )
    UNION ALL
    SELECT 'more than 100 siblings: ' || p.id FROM messages p WHERE (SELECT count(*) FROM messages s WHERE s.parent_id = p.id) > 100`);
  return rows.map(({ fault }) => fault);
}
