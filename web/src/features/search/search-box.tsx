import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate, useRouterState, useSearch } from "@tanstack/react-router";
import { type FormEvent, type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { clientOf, dataOf } from "@/shared/api/client";
import { isAwaited } from "@/shared/lib/answering";
import { useDebounced } from "@/shared/lib/use-debounced";
import { useFollowing } from "@/shared/lib/use-following";
import { Icon } from "@/shared/ui/icon";
import { Picture } from "@/shared/ui/picture";
import { forgetSearches, recentSearches, rememberSearch } from "./recent";
import { type SearchState, withFilters, withWords } from "./state";
import { type Choice, type Option, type OptionGroup, optionGroups } from "./suggestions";

/** The search field with suggestions as one types: a combobox with a list of groups. */
export function SearchBox() {
  const navigate = useNavigate();
  const isSearch = useRouterState({ select: (state) => state.location.pathname === "/" });
  const state: SearchState = useSearch({ strict: false });
  const words = isSearch ? (state.q ?? "") : "";
  // The words of a link, and of the way back.
  const [typed, setTyped, sent] = useFollowing(words);
  const [isOpen, setIsOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const input = useRef<HTMLInputElement>(null);
  const id = useId();

  const { groups, answered } = useSuggestions(typed, isOpen);
  const options = groups.flatMap((group) => group.options);
  const isListed = isOpen && options.length > 0;

  const close = () => {
    setIsOpen(false);
    setActive(-1);
  };
  const search = (state: SearchState) => {
    close();
    input.current?.blur();
    if (state.q) rememberSearch(state.q);
    sent(state.q ?? "");
    void navigate({ to: "/", search: state });
  };
  const choose = (choice: Choice) => {
    if (choice.kind === "words") {
      setTyped(choice.text);
      search(withWords(state, choice.text));
    } else if (choice.kind === "filter") {
      setTyped("");
      search(withFilters(withWords(state, ""), { [choice.field]: [choice.value] }));
    } else {
      close();
      void navigate({ to: "/products/$id", params: { id: choice.id } });
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const option = isListed ? options[active] : undefined;
    if (option) choose(option.choice);
    else search(withWords(state, typed));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") {
      // The first one closes the list; without a list, the browser empties the field.
      if (isListed) event.preventDefault();
      return close();
    }
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (!step) return;
    event.preventDefault();
    setIsOpen(true);
    // From the field itself, -1, around the list and back.
    const places = options.length + 1;
    setActive((active) => ((active + 1 + step + places) % places) - 1);
  };

  return (
    <form
      role="search"
      className="relative"
      onSubmit={submit}
      onBlur={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget)) close();
      }}
    >
      <div className="join w-full">
        <input
          ref={input}
          type="search"
          role="combobox"
          name="q"
          aria-label="What are you looking for?"
          aria-expanded={isListed}
          aria-controls={`${id}-list`}
          aria-autocomplete="list"
          aria-activedescendant={isListed && active >= 0 ? `${id}-${active}` : undefined}
          className="input join-item w-full text-base"
          placeholder="something to keep my phone steady while filming"
          autoComplete="off"
          maxLength={4000}
          value={typed}
          onChange={(event) => {
            setTyped(event.target.value);
            setActive(-1);
            setIsOpen(true);
          }}
          onClick={() => setIsOpen(true)}
          onKeyDown={onKeyDown}
        />
        <button className="btn btn-primary join-item" aria-label="Search">
          <Icon name="search" />
          <span className="hidden sm:inline">Search</span>
        </button>
      </div>
      <SuggestionList
        id={id}
        groups={groups}
        options={options}
        answered={answered}
        isListed={isListed}
        active={active}
        onChoose={choose}
      />
    </form>
  );
}

/** Returns the suggestions for what is typed as long as the list is open, and the text that they answer. */
function useSuggestions(typed: string, isOpen: boolean): { groups: OptionGroup[]; answered?: string } {
  const asked = useDebounced(typed.slice(0, 64), 60);
  const suggestions = useQuery({
    queryKey: ["suggest", asked],
    queryFn: ({ signal }) =>
      dataOf(clientOf().GET("/api/suggest", { params: { query: { q: asked, limit: 5 } }, signal })),
    enabled: isOpen,
    placeholderData: keepPreviousData,
    // A list that cannot be had is no list; the search itself tells what is wrong.
    retry: false,
  });
  if (!isOpen) return { groups: [] };
  const groups = optionGroups(typed, recentSearches(), suggestions.data);
  return isAwaited(suggestions) ? { groups } : { groups, answered: asked };
}

interface SuggestionListProps {
  id: string;
  groups: OptionGroup[];
  options: Option[];
  /** The text that the list answers; `undefined` while the answer is to come. */
  answered: string | undefined;
  isListed: boolean;
  active: number;
  onChoose: (choice: Choice) => void;
}

function SuggestionList(props: SuggestionListProps) {
  const { id, groups, options, answered, isListed, active, onChoose } = props;
  return (
    <div
      id={`${id}-list`}
      role="listbox"
      aria-label="Suggestions"
      aria-busy={answered === undefined}
      data-query={answered}
      hidden={!isListed}
      className="bg-base-100 border-base-300 rounded-box absolute top-full z-40 mt-1 max-h-[70vh] w-full overflow-y-auto border p-2 shadow-xl"
    >
      {groups.map((group) => (
        <Group
          key={group.title}
          group={group}
          id={id}
          first={options.indexOf(group.options[0] as Option)}
          active={active}
          onChoose={onChoose}
        />
      ))}
    </div>
  );
}

interface GroupProps {
  group: OptionGroup;
  id: string;
  /** The position of the group's first option among all. */
  first: number;
  active: number;
  onChoose: (choice: Choice) => void;
}

function Group({ group, id, first, active, onChoose }: GroupProps) {
  const [isForgotten, setIsForgotten] = useState(false);
  const isRecent = group.title === "Recent searches";
  if (isRecent && isForgotten) return null;
  const heading = `${id}-${group.title}`.replaceAll(" ", "-");
  return (
    <div role="group" aria-labelledby={heading}>
      <div className="flex items-center justify-between px-2 pt-2">
        <span id={heading} className="muted text-xs font-semibold tracking-wide uppercase">
          {group.title}
        </span>
        {isRecent && (
          <button
            type="button"
            tabIndex={-1}
            className="link text-xs"
            onClick={() => {
              forgetSearches();
              setIsForgotten(true);
            }}
          >
            Forget
          </button>
        )}
      </div>
      {group.options.map((option, index) => (
        <Line
          key={`${option.choice.kind} ${option.text}`}
          id={`${id}-${first + index}`}
          option={option}
          isActive={first + index === active}
          onChoose={() => onChoose(option.choice)}
        />
      ))}
    </div>
  );
}

interface LineProps {
  id: string;
  option: Option;
  isActive: boolean;
  onChoose: () => void;
}

function Line({ id, option, isActive, onChoose }: LineProps) {
  const line = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (isActive) line.current?.scrollIntoView({ block: "nearest" });
  }, [isActive]);
  return (
    <div
      ref={line}
      id={id}
      role="option"
      aria-selected={isActive}
      className={`flex cursor-pointer items-center gap-3 rounded-md px-2 py-2 ${isActive ? "bg-base-300" : "hover:bg-base-200"}`}
      // The field keeps the focus, and the list stays open.
      onMouseDown={(event) => event.preventDefault()}
      onClick={onChoose}
    >
      {option.picture === undefined ? (
        <Icon name={option.icon} className="size-4 opacity-70" />
      ) : (
        <Picture url={option.picture} className="size-8 rounded" />
      )}
      <span className="min-w-0 flex-1 truncate">{option.text}</span>
      {option.note && <span className="muted text-xs">{option.note}</span>}
    </div>
  );
}
