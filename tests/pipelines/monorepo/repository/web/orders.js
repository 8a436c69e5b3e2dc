import { readFileSync } from "node:fs";

const api = JSON.parse(readFileSync(new URL("../api/orders.json", import.meta.url), "utf8"));

export const place = (id) => api.path.replace("{id}", id);
