import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { answering } from "@/shared/lib/answering";
import { Controls } from "./controls";
import { Lines, ROW_HEIGHT } from "./lines";
import { useEngines, useSide } from "./queries";
import { overlapOf } from "./ranks";
import { SideHeader } from "./side-header";
import { SideList } from "./side-list";
import { type CompareState, type Side, type SideState, askedAt, sideOf, withSide } from "./state";

const route = getRouteApi("/compare");

/** One search put to two engines, modes or deployments, side by side. */
export function ComparePage() {
  const state = route.useSearch();
  const navigate = useNavigate({ from: "/compare" });
  const change = (next: CompareState) => void navigate({ search: next, resetScroll: false });
  const [shown, setShown] = useState<Side>("left");
  const right = useRightDefault(state);
  const sides = { left: sideOf(state, "left"), right };
  const answers = { left: useSide(state, sides.left), right: useSide(state, sides.right) };
  const hits = (side: Side) => (answers[side].isError ? [] : (answers[side].data?.data.hits ?? []));

  useEffect(() => {
    document.title = "Compare · akin";
  }, []);

  const header = (side: Side) => (
    <SideHeader
      name={side === "left" ? "Left" : "Right"}
      side={sides[side]}
      answer={answers[side]}
      onChange={(next) => change(withSide(state, side, next))}
    />
  );
  const list = (side: Side) => (
    <SideList
      state={state}
      side={sides[side]}
      answer={answers[side]}
      others={hits(side === "left" ? "right" : "left")}
      tellsMoves={side === "right"}
    />
  );
  return (
    <>
      <h1 className="mb-1 text-2xl font-semibold">Compare</h1>
      <p className="muted mb-4">
        The same words, put to two engines, two ways to search, or two deployments. Each side stands for
        itself.
      </p>
      <Controls state={state} onChange={change} />
      <Overlap hits={[hits("left"), hits("right")]} />
      <div role="tablist" aria-label="Side" className="tabs tabs-box mb-3 md:hidden">
        {(["left", "right"] as const).map((side) => (
          <button
            key={side}
            type="button"
            role="tab"
            id={`tab-${side}`}
            aria-selected={shown === side}
            aria-controls={`panel-${side}`}
            className={`tab text-base-content flex-1 ${shown === side ? "tab-active" : ""}`}
            onClick={() => setShown(side)}
          >
            {side === "left" ? "Left" : "Right"}
          </button>
        ))}
      </div>
      <div className="grid grid-cols-1 md:grid-cols-[minmax(0,1fr)_4rem_minmax(0,1fr)]">
        <div className={`${shown === "left" ? "" : "hidden"} md:order-1 md:block`}>{header("left")}</div>
        <div className="hidden md:order-2 md:block" />
        <div className={`${shown === "right" ? "" : "hidden"} md:order-3 md:block`}>{header("right")}</div>
        <div
          id="panel-left"
          {...answering(state, answers.left)}
          aria-labelledby="tab-left"
          className={`${shown === "left" ? "" : "hidden"} md:order-4 md:block`}
        >
          {list("left")}
        </div>
        <div className="hidden md:order-5 md:block">
          <Lines left={hits("left")} right={hits("right")} rowHeight={ROW_HEIGHT} />
        </div>
        <div
          id="panel-right"
          {...answering(state, answers.right)}
          aria-labelledby="tab-right"
          className={`${shown === "right" ? "" : "hidden"} md:order-6 md:block`}
        >
          {list("right")}
        </div>
      </div>
    </>
  );
}

/** Returns the right side: by default the second engine, or another way to search if there is but one. */
function useRightDefault(state: CompareState): SideState {
  const side = sideOf(state, "right");
  const engines = useEngines(askedAt(side));
  const isChosen = Object.keys(side).length > 0;
  if (isChosen) return side;
  const second = engines.data?.engines[1];
  return second ? { engine: second.name } : { mode: "semantic" };
}

function Overlap({
  hits: [left, right],
}: {
  hits: [Parameters<typeof overlapOf>[0], Parameters<typeof overlapOf>[1]];
}) {
  if (!left.length || !right.length) return null;
  const { common, share } = overlapOf(left, right);
  return (
    <p role="status" className="mb-4">
      <strong>{common}</strong> of {Math.max(left.length, right.length)} products are on both sides:{" "}
      <strong>{Math.round(share * 100)} %</strong> overlap.
    </p>
  );
}
