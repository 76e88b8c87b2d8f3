import type { ReliabilityBin } from '../evaluate/calibration.ts';
import type { ThresholdAgreement } from '../evaluate/pairs.ts';
import type { LinkageModel } from '../model/model.ts';
import { levelBits } from '../score/weights.ts';
import type { TrainingReport } from '../train/train.ts';
import { inWords, type Waterfall } from './waterfall.ts';

/** A chart as a Vega-Lite 5 specification with its data inside; any Vega-Lite renderer draws it. */
export type Chart = Record<string, unknown>;

const colours = { for: '#1d70b8', against: '#b5401f', sum: '#505a5f' };

function chart(title: string, values: unknown[], rest: Record<string, unknown>): Chart {
  return { $schema: 'https://vega.github.io/schema/vega-lite/v5.json', title, data: { values }, width: 480, ...rest };
}

/** What each level tells, in bits. */
export function weightsChart(model: LinkageModel): Chart {
  const values = model.comparisons.flatMap(({ name, levels }) =>
    levels.map((level, order) => ({ comparison: inWords(name), level: level.label, order, bits: levelBits(level) })),
  );
  return chart('What each finding tells', values, {
    mark: { type: 'bar', tooltip: true },
    encoding: {
      row: { field: 'comparison', title: null, header: { labelAngle: 0, labelAlign: 'left' }, sort: null },
      y: { field: 'level', title: null, sort: { field: 'order' } },
      x: { field: 'bits', type: 'quantitative', title: 'bits (each doubles the odds)' },
      color: { condition: { test: 'datum.bits < 0', value: colours.against }, value: colours.for },
    },
    resolve: { scale: { y: 'independent' } },
    height: { step: 16 },
  });
}

/** m and u of each level. */
export function parametersChart(model: LinkageModel): Chart {
  const values = model.comparisons.flatMap(({ name, levels }) =>
    levels.flatMap(({ label, m, u }, order) =>
      [
        { parameter: 'm: same person', value: m?.value },
        { parameter: 'u: different people', value: u?.value },
      ].map((row) => ({ comparison: inWords(name), level: label, order, ...row })),
    ),
  );
  return chart('How often each finding comes up', values, {
    mark: { type: 'bar', tooltip: true },
    encoding: {
      row: { field: 'comparison', title: null, header: { labelAngle: 0, labelAlign: 'left' }, sort: null },
      column: { field: 'parameter', title: null },
      y: { field: 'level', title: null, sort: { field: 'order' } },
      x: { field: 'value', type: 'quantitative', title: 'share of pairs' },
    },
    resolve: { scale: { y: 'independent' } },
    width: 220,
    height: { step: 16 },
  });
}

/** How many pairs have each weight. */
export function histogramChart(histogram: ReadonlyMap<number, number>, model: LinkageModel): Chart {
  const values = [...histogram].map(([bits, pairs]) => ({ bits, pairs }));
  const { linkBits, reviewBits } = model.thresholds;
  return {
    ...chart('Pairs by weight', values, {}),
    layer: [
      {
        mark: { type: 'bar', tooltip: true, color: colours.for },
        encoding: {
          x: { field: 'bits', type: 'quantitative', bin: { step: 1 }, title: 'match weight, bits' },
          y: { field: 'pairs', type: 'quantitative', scale: { type: 'symlog' }, title: 'pairs' },
        },
      },
      {
        data: {
          values: [
            { at: linkBits, means: 'link' },
            { at: reviewBits, means: 'review' },
          ],
        },
        mark: { type: 'rule', strokeDash: [4, 3], color: colours.sum, tooltip: true },
        encoding: { x: { field: 'at', type: 'quantitative' } },
      },
    ],
  };
}

/** Precision, recall and F1 by threshold. */
export function thresholdChart(curve: readonly ThresholdAgreement[]): Chart {
  const step = Math.max(1, Math.floor(curve.length / 400));
  const values = curve
    .filter((_, i) => i % step === 0 || i === curve.length - 1)
    .flatMap(({ bits, precision, recall, f1 }) => [
      { bits, measure: 'precision', value: precision },
      { bits, measure: 'recall', value: recall },
      { bits, measure: 'F1', value: f1 },
    ]);
  return chart('Precision and recall by threshold', values, {
    mark: { type: 'line', tooltip: true },
    encoding: {
      x: { field: 'bits', type: 'quantitative', title: 'threshold, bits' },
      y: { field: 'value', type: 'quantitative', scale: { domain: [0, 1] }, title: null },
      color: { field: 'measure', title: null },
      strokeDash: { field: 'measure', title: null },
    },
  });
}

/** Does a probability mean what it says? The dashed line is what it should be. */
export function reliabilityChart(table: readonly ReliabilityBin[]): Chart {
  const values = table.filter(({ pairs }) => pairs > 0);
  return {
    ...chart('Told and found', values as unknown[], {}),
    layer: [
      {
        data: {
          values: [
            { x: 0, y: 0 },
            { x: 1, y: 1 },
          ],
        },
        mark: { type: 'line', strokeDash: [4, 3], color: colours.sum },
        encoding: { x: { field: 'x', type: 'quantitative' }, y: { field: 'y', type: 'quantitative' } },
      },
      {
        mark: { type: 'point', filled: true, tooltip: true, color: colours.for },
        encoding: {
          x: { field: 'told', type: 'quantitative', title: 'probability told', scale: { domain: [0, 1] } },
          y: { field: 'found', type: 'quantitative', title: 'share found the same', scale: { domain: [0, 1] } },
          size: { field: 'pairs', type: 'quantitative' },
        },
      },
    ],
  };
}

/** A pair's weight from the prior to the sum. */
export function waterfallChart({ steps, bits }: Waterfall): Chart {
  const values = [
    ...steps.map((step, order) => ({
      order,
      name: inWords(step.name),
      finding: step.finding,
      from: step.sum - step.bits,
      to: step.sum,
      bits: step.bits,
    })),
    { order: steps.length, name: 'together', finding: '', from: 0, to: bits, bits },
  ];
  return chart('Why this weight', values, {
    mark: { type: 'bar', tooltip: true },
    encoding: {
      y: { field: 'name', title: null, sort: { field: 'order' } },
      x: { field: 'from', type: 'quantitative', title: 'bits' },
      x2: { field: 'to' },
      color: {
        condition: [
          { test: "datum.name === 'together'", value: colours.sum },
          { test: 'datum.bits < 0', value: colours.against },
        ],
        value: colours.for,
      },
    },
    height: { step: 22 },
  });
}

/** λ of each training session, iteration by iteration. */
export function convergenceChart({ sessions }: TrainingReport): Chart {
  const values = sessions.flatMap(({ rule, history }) =>
    history.map(({ lambda, change }, iteration) => ({ rule, iteration: iteration + 1, lambda, change })),
  );
  return chart('How training converged', values, {
    mark: { type: 'line', point: true, tooltip: true },
    encoding: {
      x: { field: 'iteration', type: 'quantitative' },
      y: { field: 'lambda', type: 'quantitative', title: 'share of pairs that are one person' },
      color: { field: 'rule', title: 'blocking rule' },
    },
  });
}
