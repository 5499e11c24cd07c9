import { BarController, BarElement, CategoryScale, Chart, Legend, LinearScale, Tooltip } from 'chart.js';
import { useEffect, useRef } from 'react';
import { useTheme } from '../frame/theme.ts';
import type { Series } from './series.ts';

Chart.register(BarController, BarElement, CategoryScale, Legend, LinearScale, Tooltip);

interface BarsProps {
  readonly label: string;
  readonly names: readonly string[];
  readonly series: readonly Series[];
  readonly format: (value: number) => string;
}

/** The colour of the page by this name. */
const colour = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(`--chart-${name}`);

/** Bars on a canvas. It comes with the library that draws them, which only the overview needs. */
export default function Bars({ label, names, series, format }: BarsProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const theme = useTheme();
  // Drawn anew only where something of it has changed.
  const drawn = JSON.stringify([theme, names, series]);
  useEffect(() => {
    if (!canvas.current) return;
    const { color, fontFamily } = getComputedStyle(canvas.current);
    const grid = colour('grid');
    const isWhole = series.every(({ values }) => values.every(Number.isInteger));
    const chart = new Chart(canvas.current, {
      type: 'bar',
      data: {
        labels: [...names],
        datasets: series.map(({ name, tone, values }) => ({
          label: name,
          data: [...values],
          backgroundColor: colour(tone),
          borderRadius: 2,
          categoryPercentage: 0.9,
        })),
      },
      options: {
        animation: false,
        maintainAspectRatio: false,
        color,
        font: { family: fontFamily },
        interaction: { mode: 'index', intersect: false },
        plugins: {
          legend: { display: series.length > 1, position: 'bottom', labels: { boxWidth: 10, boxHeight: 10, color } },
          tooltip: { callbacks: { label: ({ dataset, parsed }) => `${dataset.label ?? ''}: ${format(parsed.y ?? 0)}` } },
        },
        scales: {
          x: { stacked: true, grid: { display: false }, ticks: { color, maxRotation: 0, autoSkipPadding: 16 } },
          y: {
            stacked: true,
            beginAtZero: true,
            border: { display: false },
            grid: { color: grid },
            ticks: { color, maxTicksLimit: 5, ...(isWhole ? { precision: 0 } : {}), callback: (value) => format(Number(value)) },
          },
        },
      },
    });
    return () => {
      chart.destroy();
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `drawn` stands for what is drawn.
  }, [drawn]);
  return (
    <div className="chart">
      <canvas ref={canvas} role="img" aria-label={label} />
    </div>
  );
}
