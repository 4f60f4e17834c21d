import { useState } from "react";
import { pictureUrl } from "@/shared/lib/links";
import { Icon } from "./icon";

interface PictureProps {
  url: string;
  /** The server of relative addresses. */
  address?: string | undefined;
  className?: string;
}

/** The picture of a product, in a box whose size does not depend on it; one that is broken is replaced. */
export function Picture({ url, address, className = "" }: PictureProps) {
  const source = pictureUrl(url, address);
  const [broken, setBroken] = useState<string>();
  const isShown = source !== undefined && broken !== source;
  return (
    <div className={`bg-base-200 flex items-center justify-center overflow-hidden ${className}`}>
      {isShown ? (
        <img
          src={source}
          alt=""
          loading="lazy"
          decoding="async"
          className="h-full w-full object-contain"
          onError={() => setBroken(source)}
        />
      ) : (
        <Icon name="picture" className="size-1/4 max-h-12 opacity-40" />
      )}
    </div>
  );
}
