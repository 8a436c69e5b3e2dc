import assert from "node:assert";
import test from "node:test";

import { place } from "./orders.js";

test("an order has a place", () => assert.equal(place(7), "/orders/7"));
