import type { Hit } from "@/shared/api/client";
import { money, prices } from "@/shared/lib/money";
import { Picture } from "@/shared/ui/picture";
import { GRADES, type Grade, ndcg } from "./judgments";

const MEANINGS: Record<Grade, string> = { 0: "wrong", 1: "related", 2: "good", 3: "just right" };

interface CandidatesProps {
  hits: Hit[];
  grades: Record<string, Grade>;
  /** True if the hits are those of the query before. */
  isOld: boolean;
  /** Grades a product; without a grade, its judgment is taken back. */
  onGrade: (product: string, grade: Grade | undefined) => void;
}

/** The hits of a query with their grades, and how good their order is. */
export function Candidates({ hits, grades, isOld, onGrade }: CandidatesProps) {
  const ids = hits.map(({ product }) => product.product_id);
  const measured = ndcg(ids, grades);
  const graded = ids.filter((id) => grades[id] !== undefined).length;
  return (
    <section className={isOld ? "opacity-60" : ""}>
      <p role="status" className="mb-3">
        nDCG@10: <strong>{measured === undefined ? "–" : measured.toFixed(3)}</strong>{" "}
        <span className="muted text-sm">
          {measured === undefined
            ? "as soon as one product is graded above 0"
            : `${graded} of ${hits.length} are graded; those that are not count as wrong`}
        </span>
      </p>
      <ol className="flex flex-col gap-2">
        {hits.map(({ product }, index) => {
          const { now } = prices(product);
          return (
            <li
              key={product.product_id}
              className="bg-base-100 border-base-300 rounded-box flex flex-wrap items-center gap-3 border p-3"
            >
              <span className="muted w-6 text-right text-sm tabular-nums">{index + 1}</span>
              <Picture url={product.image_url} className="size-14 shrink-0 rounded" />
              <div className="min-w-0 flex-1 basis-48">
                <p className="font-medium">{product.name}</p>
                <p className="muted text-sm">
                  {[product.sub_category, now === null ? "" : money(now, product.currency)]
                    .filter(Boolean)
                    .join(" · ")}
                </p>
              </div>
              <GradeButtons
                name={product.name}
                id={product.product_id}
                grade={grades[product.product_id]}
                onGrade={(grade) => onGrade(product.product_id, grade)}
              />
            </li>
          );
        })}
      </ol>
    </section>
  );
}

interface GradeButtonsProps {
  name: string;
  id: string;
  grade: Grade | undefined;
  onGrade: (grade: Grade | undefined) => void;
}

/** The grades as radio buttons: the arrow keys choose. */
function GradeButtons({ name, id, grade, onGrade }: GradeButtonsProps) {
  return (
    <fieldset className="flex items-center gap-2">
      <legend className="sr-only">Grade of {name}</legend>
      <div className="join">
        {GRADES.map((value) => (
          <input
            key={value}
            type="radio"
            name={`grade of ${id}`}
            className="join-item btn btn-sm checked:btn-primary"
            aria-label={String(value)}
            title={MEANINGS[value]}
            checked={grade === value}
            onChange={() => onGrade(value)}
          />
        ))}
      </div>
      <button
        type="button"
        className={`link text-sm ${grade === undefined ? "invisible" : ""}`}
        aria-label={`Take the grade of ${name} back`}
        onClick={() => onGrade(undefined)}
      >
        Undo
      </button>
    </fieldset>
  );
}
