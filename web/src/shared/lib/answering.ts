import { writeParameters } from "./address";

interface Asked {
  isFetching: boolean;
  isPending: boolean;
  isPlaceholderData: boolean;
}

/** Returns true while what is in sight does not answer the query: nothing is there, or the answer before. */
export function isAwaited({ isFetching, isPending, isPlaceholderData }: Asked): boolean {
  return isFetching && (isPending || isPlaceholderData);
}

/**
 * Returns the attributes of an element that shows answers: the state of the address that it was rendered for, and
 * whether its answers are still to come. Both are of one rendering, so that no one who reads them is misled by an
 * address that has changed before the view.
 */
export function answering(state: object, ...queries: Asked[]) {
  return {
    "data-search": writeParameters({ ...state }),
    "aria-busy": queries.some(isAwaited),
  };
}
