/** Charts of figures. */
import { assert, assertEquals } from "@std/assert";
import { drawAll } from "./charts.ts";

const figure = (id: string, value: number) => ({ id, value, unit: "x", ratio: null, to: null });

Deno.test("a chart has a bar for each figure that is there, and there is none without figures", () => {
  assertEquals(drawAll([figure("no such figure", 1)]).size, 0);
  const drawn = drawAll([figure("atms.16", 1234), figure("https.16", 567)]);
  assertEquals([...drawn.keys()], ["movements.svg"]);
  const svg = drawn.get("movements.svg")!;
  assert(svg.startsWith("<svg"));
  for (const text of ["1234", "567", "Strongroom", "movements/s"]) assert(svg.includes(text), text);
  assert(!svg.includes(">256<"), "no room for what was not measured");
});
