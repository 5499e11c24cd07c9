const PATHS = {
  archive: 'M4 7h16v12a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V7Zm-1-4h18v4H3V3Zm7 8h4',
  attach:
    'M20 11.500 12.300 19a4.600 4.600 0 0 1-6.500-6.500l8-7.800a3 3 0 0 1 4.300 4.300l-7.900 7.700a1.500 1.500 0 0 1-2.100-2.100l7-6.900',
  check: 'm5 12.5 4.500 4.500L19 7.500',
  chevronLeft: 'm14.500 6-6 6 6 6',
  chevronRight: 'm9.500 6 6 6-6 6',
  close: 'M6 6l12 12M18 6 6 18',
  copy: 'M9 9h11v11H9V9Zm-4 6H4V4h11v1',
  edit: 'M4 20h4L19.500 8.500l-4-4L4 16v4Zm9-13 4 4',
  file: 'M6 3h8l4 4v14H6V3Zm8 0v4h4',
  gear: 'M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6Zm0-6v3m0 12v3m9-9h-3M6 12H3m15.400-6.400-2.100 2.100M7.700 16.300l-2.100 2.100m12.800 0-2.100-2.100M7.700 7.700 5.600 5.600',
  globe: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Zm-9 9h18M12 3c-5 5.500-5 12.500 0 18M12 3c5 5.500 5 12.500 0 18',
  menu: 'M4 7h16M4 12h16M4 17h16',
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  plus: 'M12 5v14M5 12h14',
  retry: 'M20 12a8 8 0 1 1-2.300-5.700M20 4v4.500h-4.500',
  search: 'M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14Zm5 12 4.500 4.500',
  send: 'M12 19V5m-6 6 6-6 6 6',
  spark: 'M12 3c.8 5 4 8.200 9 9-5 .8-8.200 4-9 9-.8-5-4-8.200-9-9 5-.8 8.200-4 9-9Z',
  stop: 'M7 7h10v10H7z',
  thumbDown: 'M7 14V4H4v10h3Zm0 0 4 7a2 2 0 0 0 2-2v-4h5.500a1.500 1.500 0 0 0 1.500-1.800l-1.400-7A1.500 1.500 0 0 0 17.100 5H7',
  thumbUp: 'M7 10v10H4V10h3Zm0 0 4-7a2 2 0 0 1 2 2v4h5.500a1.500 1.500 0 0 1 1.500 1.800l-1.400 7a1.500 1.500 0 0 1-1.500 1.200H7',
} as const;

/** A drawing beside a text, or in a button with a label: it says nothing by itself. */
export const Icon = ({ name }: { name: keyof typeof PATHS }) => (
  <svg className={`icon ${name}`} viewBox="0 0 24 24" aria-hidden="true">
    <path d={PATHS[name]} />
  </svg>
);
