import type { ReactNode, RefObject } from "react";
import { count } from "@/shared/lib/text";
import { Icon } from "@/shared/ui/icon";

interface FilterDrawerProps {
  dialog: RefObject<HTMLDialogElement | null>;
  total: number | undefined;
  children: ReactNode;
}

/** The filters on a small screen: a dialog from the side, closed by Escape, its buttons, or outside of it. */
export function FilterDrawer({ dialog, total, children }: FilterDrawerProps) {
  const close = () => dialog.current?.close();
  return (
    <dialog
      ref={dialog}
      aria-label="Filters"
      className="drawer-dialog bg-base-100 text-base-content m-0 h-dvh max-h-none w-[min(22rem,100vw)] max-w-none flex-col p-0 open:flex"
      onClick={(event) => {
        if (event.target === dialog.current) close();
      }}
    >
      <div className="border-base-300 flex items-center justify-between border-b px-4 py-2">
        <h2 className="text-lg font-semibold">Filters</h2>
        <button type="button" className="btn btn-ghost btn-sm btn-square" aria-label="Close" onClick={close}>
          <Icon name="close" />
        </button>
      </div>
      <div className="flex-1 overflow-y-auto p-4">{children}</div>
      <div className="border-base-300 border-t p-3">
        <button type="button" className="btn btn-primary w-full" onClick={close}>
          {total === undefined ? "Show products" : `Show ${count(total, "product")}`}
        </button>
      </div>
    </dialog>
  );
}
