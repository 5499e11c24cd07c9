import { DataSource } from 'typeorm';
import { newId } from '../../../src/common/ids.js';
import { historyLimits } from '../../../src/modules/messages/context.js';
import { MessagesModule, MessagesService } from '../../../src/modules/messages/index.js';
import { PathRepository } from '../../../src/modules/messages/path.repository.js';
import { createActor, createRoom } from '../../factories/index.js';
import { isFullSize } from '../../support/full-size.js';
import { startModule } from '../../support/module.js';
import { recordStatements } from '../../support/statements.js';

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly Plans?: PlanNode[];
}

const LARGE = isFullSize ? 100_000 : 10_000;
const CHUNK = 2_000;
/** Of the plan Pro, and more than a thousand short messages come to. */
const LIMITS = historyLimits(131_072);

let started: Awaited<ReturnType<typeof startModule>>;
let paths: PathRepository;
let messages: MessagesService;
let dataSource: DataSource;

beforeAll(async () => {
  started = await startModule([MessagesModule]);
  paths = started.module.get(PathRepository);
  messages = started.module.get(MessagesService);
  dataSource = started.module.get(DataSource);
});
afterAll(() => started.close());

/** A room of one branch. @returns the id of its last question, and of the reply that waits */
async function talkOf(size: number, text: string): Promise<{ questionId: string; replyId: string }> {
  const actor = await createActor(dataSource);
  const room = await createRoom(dataSource, actor);
  for (let from = 1; from <= size; from += CHUNK) {
    await dataSource.query(
      `INSERT INTO messages (id, chatroom_id, user_id, position, depth, run, parent_id, role, status, content, model, completed_at)
       SELECT md5($1 || n)::uuid, $1::uuid, $2, n, n, 1, CASE WHEN n > 1 THEN md5($1 || (n - 1))::uuid END,
         CASE n % 2 WHEN 1 THEN 'user' ELSE 'model' END, 'completed', $5::text || ' ' || n, CASE n % 2 WHEN 0 THEN 'gemini-3.5-flash-lite' END, now()
       FROM generate_series($3::integer, $4::integer) AS n`,
      [room, actor.userId, from, Math.min(size, from + CHUNK - 1), text],
    );
  }
  await dataSource.query(
    `UPDATE chatrooms SET last_position = $2, active_leaf_id = md5($1::text || $2::integer)::uuid, active_leaf_depth = $2, active_run = 1 WHERE id = $1::uuid`,
    [room, size],
  );
  const { message, reply } = await messages.sendMessage(actor, { chatroomId: room, content: 'And now?', key: null });
  return { questionId: message.id, replyId: reply.id };
}

/** What looking at tables came to: the rows that were fetched from each, and how. */
async function fetched(questionId: string): Promise<{ nodes: PlanNode[]; rows: number }> {
  const [text = ''] = await recordStatements(() => paths.findPath(newId(), LIMITS));
  const [row] = await dataSource.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }[]>(`EXPLAIN (ANALYZE, FORMAT JSON) ${text}`, [
    questionId,
    LIMITS.tokens,
    LIMITS.messages,
  ]);
  if (!row) throw new Error('no plan');
  const nodes = flatten(row['QUERY PLAN'][0].Plan).filter((node) => node['Relation Name'] !== undefined);
  return { nodes, rows: nodes.reduce((sum, node) => sum + node['Actual Rows'] * node['Actual Loops'], 0) };
}

const flatten = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(flatten)];

test('the context of a large room costs no more than that of a small one: each message one look-up by its key, and a bounded number of them', async () => {
  const large = await talkOf(LARGE, 'word '.repeat(100));
  const small = await talkOf(1_100, 'word '.repeat(100));
  const short = await talkOf(2_000, 'x');
  await dataSource.query('ANALYZE messages, digests');
  const [ofLarge, ofSmall, ofShort] = [await fetched(large.questionId), await fetched(small.questionId), await fetched(short.questionId)];
  for (const { nodes } of [ofLarge, ofSmall, ofShort]) {
    for (const node of nodes.filter((one) => one['Relation Name'] === 'messages')) {
      expect(node).toMatchObject({ 'Node Type': 'Index Scan', 'Index Name': 'pk_messages' });
    }
  }
  expect(ofLarge.rows).toBe(ofSmall.rows);
  expect(ofShort.rows).toBe(LIMITS.messages);
  expect((await paths.findPath(short.questionId, LIMITS)).map(({ content }) => content).slice(-2)).toEqual(['x 2000', 'And now?']);
  expect(await paths.findPath(short.questionId, LIMITS)).toHaveLength(LIMITS.messages);
});
