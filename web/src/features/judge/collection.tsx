import { type ChangeEvent, useState } from "react";
import { count } from "@/shared/lib/text";
import { type JudgedQuery, fromCsv, judgmentsCsv, queriesCsv } from "./judgments";

interface CollectionProps {
  all: JudgedQuery[];
  current: string | undefined;
  onOpen: (query: string) => void;
  onChange: (change: (all: JudgedQuery[]) => JudgedQuery[]) => void;
}

/** All judged queries of this browser, and the files of `akin evaluate`. */
export function Collection({ all, current, onOpen, onChange }: CollectionProps) {
  const judgments = all.reduce((sum, { grades }) => sum + Object.keys(grades).length, 0);
  return (
    <aside
      aria-label="Judged queries"
      className="bg-base-100 border-base-300 rounded-box self-start border p-4"
    >
      <h2 className="text-lg font-semibold">Judged queries</h2>
      <p className="muted text-sm">
        {count(all.length, "query", "queries")}, {count(judgments, "judgment")}; this browser keeps them.
      </p>
      <ul className="my-3 max-h-80 overflow-y-auto">
        {all.map(({ id, query, grades }) => (
          <li key={id}>
            <button
              type="button"
              className={`flex w-full items-baseline justify-between gap-2 py-1 text-left hover:underline ${query === current ? "font-semibold" : ""}`}
              onClick={() => onOpen(query)}
            >
              <span>{query}</span>
              <span className="muted text-sm font-normal">{Object.keys(grades).length}</span>
            </button>
          </li>
        ))}
      </ul>
      <div className="flex flex-wrap gap-2">
        <button
          type="button"
          className="btn btn-sm btn-primary"
          disabled={!all.length}
          onClick={() => {
            download("queries.csv", queriesCsv(all));
            download("judgments.csv", judgmentsCsv(all));
          }}
        >
          Export
        </button>
        <button
          type="button"
          className="btn btn-sm"
          disabled={!all.length}
          onClick={() => onChange(() => [])}
        >
          Forget all
        </button>
      </div>
      <Import onChange={onChange} />
      <p className="muted mt-3 text-sm">
        <code>akin evaluate queries.csv judgments.csv</code>
      </p>
    </aside>
  );
}

/** Takes both files of `akin evaluate`, in place of what is there. */
function Import({ onChange }: Pick<CollectionProps, "onChange">) {
  const [said, setSaid] = useState<{ text: string; isWrong: boolean }>();
  const read = async (event: ChangeEvent<HTMLInputElement>) => {
    const input = event.target;
    try {
      const contents = await Promise.all([...(input.files ?? [])].map((file) => file.text()));
      const isJudgments = (text: string) => (text.split("\n", 1)[0] ?? "").includes("grade");
      const judgments = contents.find(isJudgments);
      const queries = contents.find((text) => !isJudgments(text));
      if (contents.length !== 2 || judgments === undefined || queries === undefined) {
        throw new Error("Choose both files at once: queries.csv and judgments.csv.");
      }
      const all = fromCsv(queries, judgments);
      onChange(() => all);
      setSaid({ text: `${count(all.length, "query", "queries")} imported.`, isWrong: false });
    } catch (error) {
      setSaid({ text: error instanceof Error ? error.message : String(error), isWrong: true });
    }
    input.value = "";
  };
  return (
    <div className="mt-3">
      <label className="text-sm">
        Import queries.csv and judgments.csv
        <input
          type="file"
          accept=".csv,text/csv"
          multiple
          className="file-input file-input-sm mt-1 w-full"
          onChange={(event) => void read(event)}
        />
      </label>
      <p role="status" className={`text-sm ${said?.isWrong ? "text-error" : ""}`}>
        {said?.text}
      </p>
    </div>
  );
}

/** Offers a text as a file. */
function download(name: string, text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
