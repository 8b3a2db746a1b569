/** l7_resource: what of a path leaves. */

import { beforeAll, describe, expect, it } from "vitest";
import type { Parsers } from "../../src/wasm/parsers.ts";
import { endsOf, newParsers, stream } from "./harness.ts";

const resourceOf = (parsers: Parsers, path: string): string => {
  const steps = [
    { client: `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n` },
    { server: "HTTP/1.1 204 No Content\r\n\r\n" },
  ];
  const { calls } = stream(parsers, steps, { ends: endsOf(80) });
  expect(calls).toHaveLength(1);
  return calls[0]?.resource ?? "";
};

describe("l7_resource template", () => {
  let parsers: Parsers;
  beforeAll(() => {
    parsers = newParsers({ resource: "template" });
  }, 120_000);

  it.each([
    ["/", "/"],
    ["/orders/12345/items", "/orders/{id}/items"],
    ["/orders/7", "/orders/{id}"],
    ["/users/3f2504e0-4f89-11d3-9a0c-0305e82c3301/", "/users/{id}/"],
    ["/blobs/deadbeef01", "/blobs/{id}"],
    ["/tokens/Zm9vYmFyYmF6cXV4cXV1eDE", "/tokens/{id}"],
    ["/v1/getOrganisationMembershipList", "/v1/getOrganisationMembershipList"],
    ["/cafe/facade/bed", "/cafe/facade/bed"],
    ["/1/2/3/", "/{id}/{id}/{id}/"],
    ["/a1b/zebra9", "/{id}/zebra9"],
  ])("%s leaves as %s", (path, expected) => {
    expect(resourceOf(parsers, path)).toBe(expected);
  });
});

it("l7_resource off leaves nothing of it", () => {
  expect(resourceOf(newParsers({ resource: "off" }), "/orders/12345")).toBe("");
}, 120_000);
