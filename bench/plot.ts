interface Line {
  readonly name: string;
  readonly dashed: boolean;
  /** The label stands beside the point. */
  readonly points: readonly { readonly x: number; readonly y: number; readonly label: string }[];
}

interface Plot {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly lines: readonly Line[];
}

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [720, 400, 56, 110, 36, 44];
const COLOURS: Readonly<Record<string, string>> = { ours: '#1f6feb', bare: '#8a8a8a' };

/** A line chart as SVG. The horizontal axis begins at 0; the vertical one is logarithmic. */
export function plot({ title, x, y, lines }: Plot): string {
  const points = lines.flatMap((line) => line.points);
  const right = niceAbove(Math.max(...points.map((point) => point.x)));
  const [low, high] = [Math.min(...points.map((point) => point.y)), Math.max(...points.map((point) => point.y))].map(Math.log10) as [
    number,
    number,
  ];
  const [bottom, top] = [Math.floor(low), Math.ceil(high)];
  const toX = (value: number) => (LEFT + (value / right) * (WIDTH - LEFT - RIGHT)).toFixed(1);
  const toY = (value: number) =>
    (HEIGHT - BOTTOM - ((Math.log10(value) - bottom) / Math.max(1, top - bottom)) * (HEIGHT - TOP - BOTTOM)).toFixed(1);
  const text = (left: string | number, above: string | number, words: string, anchor = 'middle') =>
    `<text x="${left}" y="${above}" text-anchor="${anchor}">${words}</text>`;
  const rows = Array.from({ length: Math.max(1, top - bottom) + 1 }, (_, i) => 10 ** (bottom + i));
  const columns = Array.from({ length: 5 }, (_, i) => (right / 4) * i);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="white"/>`,
    text(WIDTH / 2, 20, title),
    ...rows.map(
      (value) => `<path d="M${LEFT} ${toY(value)}H${WIDTH - RIGHT}" stroke="#ddd"/>${text(LEFT - 6, toY(value), `${value} ${y}`, 'end')}`,
    ),
    ...columns.map((value) => text(toX(value), HEIGHT - BOTTOM + 18, String(Math.round(value)))),
    text((WIDTH - RIGHT + LEFT) / 2, HEIGHT - 8, `${x}; the numbers beside the points are connections`),
    ...lines.flatMap((line) => {
      const colour = COLOURS[line.name.split(' ')[0] ?? ''] ?? 'black';
      const path = line.points.map((point, i) => `${i === 0 ? 'M' : 'L'}${toX(point.x)} ${toY(point.y)}`).join('');
      const last = line.points.at(-1);
      return [
        `<path d="${path}" fill="none" stroke="${colour}" stroke-width="2"${line.dashed ? ' stroke-dasharray="5 4"' : ''}/>`,
        ...line.points.map((point) => `<circle cx="${toX(point.x)}" cy="${toY(point.y)}" r="3" fill="${colour}"/>`),
        ...(line.dashed ? [] : line.points.map((point) => text(Number(toX(point.x)) + 6, Number(toY(point.y)) + 14, point.label, 'start'))),
        ...(last === undefined ? [] : [text(Number(toX(last.x)) + 8, Number(toY(last.y)) - 4, line.name, 'start')]),
      ];
    }),
    '</svg>',
    '',
  ].join('\n');
}

function niceAbove(value: number): number {
  const unit = 10 ** Math.floor(Math.log10(value));
  return Math.ceil(value / unit) * unit;
}
