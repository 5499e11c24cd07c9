import { lazy, Suspense } from 'react';
import { Loading } from '../../ui/loading.tsx';
import { shortDay } from '../format.ts';
import { Card } from './card.tsx';
import type { Series } from './series.ts';

interface DayChartProps {
  readonly title: string;
  /** What screen readers say of it. */
  readonly label: string;
  /** UTC days, such as `2026-11-22`. */
  readonly days: readonly string[];
  readonly series: readonly Series[];
  readonly format: (value: number) => string;
}

const Bars = lazy(() => import('./bars.tsx'));

/** Bars for days, of one or several parts on top of each other, and the same as a table. */
export const DayChart = ({ title, label, days, series, format }: DayChartProps) => (
  <Card title={title}>
    <Suspense fallback={<Loading label="Drawing" />}>
      <Bars label={label} names={days.map(shortDay)} series={series} format={format} />
    </Suspense>
    <details className="numbers">
      <summary>{title} in numbers</summary>
      <div className="table" tabIndex={0} role="region" aria-label={`${title} in numbers`}>
        <table>
          <thead>
            <tr>
              <th scope="col">Day</th>
              {series.map(({ name }) => (
                <th key={name} scope="col" className="number">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {days.map((day, i) => (
              <tr key={day}>
                <th scope="row">{day}</th>
                {series.map(({ name, values }) => (
                  <td key={name} className="number">
                    {format(values[i] ?? 0)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  </Card>
);
