import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { type FormEvent, useEffect } from "react";
import { clientOf, dataOf } from "@/shared/api/client";
import { MODES } from "@/shared/api/modes";
import { answering } from "@/shared/lib/answering";
import { defined } from "@/shared/lib/address";
import { useStored } from "@/shared/lib/stored";
import { useFollowing } from "@/shared/lib/use-following";
import { Problem } from "@/shared/ui/problem";
import { Candidates } from "./candidates";
import { Collection } from "./collection";
import { judged, readJudgments } from "./judgments";
import type { JudgeState } from "./state";

const route = getRouteApi("/judge");

/** The number of hits to judge. */
const DEPTH = 20;

/** Where an engineer grades the hits of a query, for `akin evaluate`. */
export function JudgePage() {
  const state = route.useSearch();
  const navigate = useNavigate({ from: "/judge" });
  const change = (next: JudgeState) => void navigate({ search: next, resetScroll: false });
  const [all, setAll] = useStored("akin.judgments", readJudgments);
  const grades = all.find(({ query }) => query === state.q)?.grades ?? {};
  const results = useResults(state);
  useEffect(() => {
    document.title = "Judge · akin";
  }, []);
  return (
    <>
      <h1 className="mb-1 text-2xl font-semibold">Judge</h1>
      <p className="muted mb-4">
        Grade what a query finds, from 0 (wrong) to 3 (just right). <code>akin evaluate</code> measures every
        change against these judgments.
      </p>
      <Words state={state} onChange={change} />
      <div className="grid gap-6 lg:grid-cols-[minmax(0,1fr)_22rem]">
        <div {...answering(state, results)}>
          {results.isError && (
            <Problem title="The search failed" error={results.error} onRetry={() => void results.refetch()} />
          )}
          {state.q !== undefined && results.data && !results.isError && (
            <Candidates
              hits={results.data.hits}
              grades={grades}
              isOld={results.isPlaceholderData}
              onGrade={(product, grade) => setAll((all) => judged(all, state.q ?? "", product, grade))}
            />
          )}
          {state.q === undefined && <p className="muted">Enter a query, or choose one that has judgments.</p>}
        </div>
        <Collection all={all} current={state.q} onOpen={(q) => change({ ...state, q })} onChange={setAll} />
      </div>
    </>
  );
}

function useResults({ q, mode }: JudgeState) {
  const body = defined({ query: q, mode, page_size: DEPTH });
  return useQuery({
    queryKey: ["judge", body],
    queryFn: ({ signal }) => dataOf(clientOf().POST("/api/search", { body, signal })),
    enabled: q !== undefined,
    placeholderData: keepPreviousData,
  });
}

function Words({ state, onChange }: { state: JudgeState; onChange: (state: JudgeState) => void }) {
  const [words, setWords] = useFollowing(state.q ?? "");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onChange(defined({ ...state, q: words.trim() || undefined }) as JudgeState);
  };
  return (
    <form role="search" onSubmit={submit} className="mb-4 flex flex-wrap gap-2">
      <div className="join min-w-0 flex-1 basis-64">
        <input
          type="search"
          aria-label="The query to judge"
          className="input join-item w-full text-base"
          placeholder="light to read in bed without waking my husband"
          autoComplete="off"
          maxLength={4000}
          value={words}
          onChange={(event) => setWords(event.target.value)}
        />
        <button className="btn btn-primary join-item">Search</button>
      </div>
      <select
        className="select w-auto"
        aria-label="Search by"
        value={state.mode ?? "hybrid"}
        onChange={(event) => {
          const mode = MODES.find(({ name }) => name === event.target.value && name !== "hybrid")?.name;
          onChange(defined({ ...state, mode }) as JudgeState);
        }}
      >
        {MODES.map(({ name, label }) => (
          <option key={name} value={name}>
            {label}
          </option>
        ))}
      </select>
    </form>
  );
}
