import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it, vi } from "vitest";
import { refused, unreachable } from "@/shared/api/failure";
import { Availability } from "./availability";
import { Picture } from "./picture";
import { Price } from "./price";
import { Problem } from "./problem";

afterEach(cleanup);

describe("a picture", () => {
  it("that is broken is replaced, and one with another address is tried", () => {
    const { container, rerender } = render(<Picture url="https://a.example/a.png" />);
    fireEvent.error(container.querySelector("img") as HTMLImageElement);
    expect(container.querySelector("img")).toBeNull();
    expect(container.querySelector("svg")).not.toBeNull();
    rerender(<Picture url="https://a.example/b.png" />);
    expect(container.querySelector("img")?.src).toBe("https://a.example/b.png");
  });

  it("that is a script is none", () => {
    const { container } = render(<Picture url="javascript:alert(1)" />);
    expect(container.querySelector("img")).toBeNull();
  });
});

describe("a price", () => {
  it("tells screen readers what it was before", () => {
    render(<Price product={{ discount_price: 75, actual_price: 100, currency: "EUR" }} />);
    expect(screen.getByText("before:")).toBeTruthy();
    expect(screen.getByText("−25 %")).toBeTruthy();
  });

  it("that there is none is said", () => {
    render(<Price product={{ discount_price: null, actual_price: null, currency: null }} />);
    expect(screen.getByText("Price on request")).toBeTruthy();
  });
});

describe("the availability of a product", () => {
  it("is said in words, and a word that is not known as it is", () => {
    render(
      <>
        <Availability availability="out of stock" />
        <Availability availability="at the depot" />
      </>,
    );
    expect(screen.getByText("Out of stock")).toBeTruthy();
    expect(screen.getByText("at the depot")).toBeTruthy();
  });

  it("that is not known is not said", () => {
    const { container } = render(<Availability availability={undefined} />);
    expect(container.textContent).toBe("");
  });
});

describe("a problem", () => {
  it("of a request quotes the detail of the server", () => {
    const body = { title: "Invalid", status: 400, detail: "page must be a whole number from 1", code: "X" };
    render(<Problem title="The search failed" error={refused(400, body, "r-1")} />);
    expect(screen.getByText("Page must be a whole number from 1.")).toBeTruthy();
    expect(screen.queryByText(/r-1/)).toBeNull();
  });

  it("of a server says what to do, with the id of the request, and never what the server leaked", () => {
    render(<Problem title="The search failed" error={refused(500, { detail: "SELECT secret" }, "r-2")} />);
    expect(screen.getByText(/Its log says why/)).toBeTruthy();
    expect(screen.getByText("Request r-2")).toBeTruthy();
    expect(screen.queryByText(/secret/)).toBeNull();
  });

  it("can be tried again", async () => {
    const again = vi.fn();
    render(<Problem title="The search failed" error={unreachable("https://a.example")} onRetry={again} />);
    expect(screen.getByText(/The server at a.example does not answer/)).toBeTruthy();
    await userEvent.click(screen.getByRole("button", { name: "Try again" }));
    expect(again).toHaveBeenCalledOnce();
  });
});
