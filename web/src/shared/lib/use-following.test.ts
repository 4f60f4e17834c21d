import { act, cleanup, renderHook } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import { useFollowing } from "./use-following";

afterEach(cleanup);

function following(value: string) {
  const { result, rerender } = renderHook(({ value }) => useFollowing(value), { initialProps: { value } });
  return {
    own: () => result.current[0],
    change: (own: string) => act(() => result.current[1](own)),
    send: (sent: string) => act(() => result.current[2](sent)),
    arrive: (value: string) => rerender({ value }),
  };
}

it("a state follows its value, and may differ from it", () => {
  const words = following("lamp");
  words.change("lamps");
  expect(words.own()).toBe("lamps");
  words.arrive("kettle");
  expect(words.own()).toBe("kettle");
});

it("what is entered stays when what was handed on before it comes back", () => {
  const words = following("");
  words.change("lamp");
  words.send("lamp");
  words.change("lamp sh");
  words.arrive("lamp");
  expect(words.own()).toBe("lamp sh");
});

it("of several values that were handed on, the last may be the only one to come back", () => {
  const words = following("1");
  for (const value of ["2", "3"]) {
    words.change(value);
    words.send(value);
  }
  words.arrive("3");
  expect(words.own()).toBe("3");
  // The way back is no answer.
  words.arrive("2");
  expect(words.own()).toBe("2");
});
