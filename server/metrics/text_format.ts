/**
 * Prometheus's text format, version 0.0.4: families of samples, each with a help text and a type.
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */
import type { Histogram } from "../watch/counts.ts";

export type Labels = Readonly<Record<string, string | number>>;
export type Sample = readonly [labels: Labels, value: number];

/** Collects families; `text` returns the page. */
export class MetricsPage {
  readonly #lines: string[] = [];

  /** Adds a family of samples; an empty one is left out. */
  family(
    type: "counter" | "gauge",
    name: string,
    help: string,
    samples: readonly Sample[] | number | null,
  ): void {
    const all = typeof samples === "number" ? [[{}, samples] as const] : samples ?? [];
    if (all.length === 0) return;
    this.#head(type, name, help);
    for (const [labels, value] of all) this.#sample(name, labels, value);
  }

  histogram(name: string, help: string, { bounds, counts, sum, count }: Histogram): void {
    this.#head("histogram", name, help);
    for (const [index, bound] of bounds.entries()) {
      this.#sample(`${name}_bucket`, { le: bound }, counts[index]!);
    }
    this.#sample(`${name}_bucket`, { le: "+Inf" }, count);
    this.#sample(`${name}_sum`, {}, sum);
    this.#sample(`${name}_count`, {}, count);
  }

  get text(): string {
    return this.#lines.join("\n") + "\n";
  }

  #head(type: string, name: string, help: string): void {
    this.#lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
  }

  #sample(name: string, labels: Labels, value: number): void {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
    this.#lines.push(`${name}${pairs.length > 0 ? `{${pairs.join(",")}}` : ""} ${value}`);
  }
}

const escaped = (text: string | number) =>
  String(text).replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n");
