/**
 * Charts of what benches have measured: `deno task bench:charts` reads the JSON files in
 * docs/performance and draws them next to. Only figures that are there are drawn.
 */
import * as echarts from "echarts";
import type { Figure } from "./harness.ts";

interface Bar {
  /** What it is of, and its figure's id. */
  [label: string]: string;
}

/** Groups of bars; all series have a bar for each label. */
interface Chart {
  file: string;
  title: string;
  unit: string;
  /** Bars of one label stand on each other. */
  stacked?: boolean;
  series: Record<string, Bar>;
}

const counts = ["1", "16", "64", "256", "1024"];
const byCount = (prefix: string, end = "") =>
  Object.fromEntries(counts.map((count) => [count, `${prefix}.${count}${end}`]));
const sizes = { "128 B": "128", "1 KiB": "1024", "16 kB": "16000" };
const bySize = (prefix: string) =>
  Object.fromEntries(Object.entries(sizes).map(([label, size]) => [label, `${prefix}.${size}`]));
const byKind = (age: string) => ({
  movement: `growth.${age}.movement`,
  balance: `growth.${age}.balance`,
});

const charts: Chart[] = [
  {
    file: "movements",
    title: "Whole movements a second, by ATMs at work",
    unit: "movements/s",
    series: { "an HTTPS API": byCount("https"), Strongroom: byCount("atms") },
  },
  {
    file: "processor",
    title: "Processor time of a request, by ATMs at work",
    unit: "µs",
    stacked: true,
    series: {
      "the server's first thread": byCount("atms", ".main"),
      "ledger and other threads": byCount("atms", ".others"),
      "the ATMs themselves": byCount("atms", ".load"),
    },
  },
  {
    file: "records",
    title: "Messages there and back, by their size",
    unit: "messages/s",
    series: {
      "bare TCP": bySize("channel.tcp"),
      "TLS 1.3": bySize("channel.tls"),
      Strongroom: bySize("channel.records"),
    },
  },
  {
    file: "growth",
    title: "Cost in a young bank and in a grown one",
    unit: "µs",
    series: { young: byKind("young"), grown: byKind("grown") },
  },
];

/** Returns the SVG text of a chart; null where none of its figures is there. */
export function draw(chart: Chart, figures: readonly Figure[]): string | null {
  const found = new Map(figures.map(({ id, value }) => [id, value]));
  const labels = [...new Set(Object.values(chart.series).flatMap(Object.keys))].filter((label) =>
    Object.values(chart.series).some((bars) => found.has(bars[label]!))
  );
  if (labels.length === 0) return null;
  const drawn = echarts.init(null, null, { renderer: "svg", ssr: true, width: 760, height: 360 });
  drawn.setOption({
    animation: false,
    backgroundColor: "#ffffff",
    color: ["#b8c4bd", "#8a6d2f", "#11483a"],
    title: { text: chart.title, left: 16, top: 12, textStyle: { fontSize: 16 } },
    legend: { bottom: 8, itemGap: 32 },
    grid: { left: 70, right: 24, top: 60, bottom: 70 },
    xAxis: { type: "category", data: labels },
    yAxis: { type: "value", name: chart.unit },
    series: Object.entries(chart.series).map(([name, bars]) => ({
      name,
      type: "bar",
      ...(name === "Strongroom" && { color: "#11483a" }),
      barMaxWidth: 44,
      ...(chart.stacked && { stack: "all" }),
      label: { show: true, position: chart.stacked ? "inside" : "top", fontSize: 10 },
      data: labels.map((label) => {
        const value = found.get(bars[label]!);
        return value === undefined ? "-" : Math.round(value);
      }),
    })),
  });
  const svg = drawn.renderToSVGString();
  drawn.dispose();
  return svg;
}

/** Returns every chart whose figures are there, by its file's name. */
export function drawAll(figures: readonly Figure[]): Map<string, string> {
  return new Map(charts.flatMap((chart) => {
    const svg = draw(chart, figures);
    return svg === null ? [] : [[`${chart.file}.svg`, svg] as const];
  }));
}

if (import.meta.main) {
  const folder = new URL("../../docs/performance/", import.meta.url);
  const figures: Figure[] = [];
  for (const { name } of Deno.readDirSync(folder)) {
    if (!name.endsWith(".json")) continue;
    figures.push(...JSON.parse(Deno.readTextFileSync(new URL(name, folder))));
  }
  for (const [file, svg] of drawAll(figures)) {
    Deno.writeTextFileSync(new URL(file, folder), `${svg}\n`);
    console.log(`docs/performance/${file}`);
  }
}
