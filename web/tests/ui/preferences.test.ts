import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DEFAULTS, parse, PreferenceStore } from "../../src/ui/preferences.ts";

describe("preferences", () => {
  test("come back as they were kept", () => {
    const kept = new Map<string, string>();
    const storage = {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
    } as unknown as Storage;
    new PreferenceStore(storage).set({ intensity: 0.4, theme: "light", calm: true });
    expect(new PreferenceStore(storage).value).toMatchObject({
      intensity: 0.4,
      theme: "light",
      calm: true,
      volume: 1,
    });
  });

  test("that aren't valid fall back one by one", () => {
    expect(parse('{"volume": 7, "theme": "pink", "intensity": 1.2, "unknown": 1}')).toEqual({
      ...DEFAULTS,
      intensity: 1.2,
    });
  });

  test("survive whatever lies in the storage", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (kept) => {
        const found = parse(kept);
        expect(Object.keys(found).sort()).toEqual(Object.keys(DEFAULTS).sort());
      }),
    );
  });

  test("last as long as the page where storage is forbidden or full", () => {
    const full = {
      getItem: () => null,
      setItem: () => {
        throw new DOMException("full", "QuotaExceededError");
      },
    } as unknown as Storage;
    for (const storage of [null, full]) {
      const store = new PreferenceStore(storage);
      store.set({ volume: 0.5 });
      expect(store.value.volume).toBe(0.5);
    }
  });
});
