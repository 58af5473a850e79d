/** Words with places: `fill("At {terminal}", { terminal: "lobby" })` is "At lobby". */
export function fill(template: string, values: Record<string, string>): string {
  return template.replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
}
