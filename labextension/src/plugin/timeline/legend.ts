/** What the colours and the patterns of a timeline mean. */
import type { Recording } from './data';
import { element } from './details';
import { functionColour } from './colours';
import type { Words } from './texts';

/** At most this many functions are named. */
const MOST = 12;

export function legendOf({ labels, size }: Recording, trans: Words): HTMLElement[] {
  if (size === 0) {
    return [];
  }
  const named = labels.slice(0, MOST).map((label, place) => {
    const { variable, plain } = functionColour(place);
    return sign('', label, `var(${variable}, ${plain})`);
  });
  const more = labels.length - named.length;
  const rest = more > 0 ? [element('li', '', trans.__('and %1 more', more))] : [];
  return [
    ...named,
    ...rest,
    sign('jp-mod-failed', trans.__('failed')),
    sign('jp-mod-cancelled', trans.__('cancelled')),
    sign('jp-mod-starting', trans.__('starting')),
    sign('jp-mod-preparing', trans.__('preparing'))
  ];
}

function sign(name: string, text: string, colour = ''): HTMLElement {
  const item = element('li');
  const mark = element('span', `jp-pool-sign ${name}`);
  mark.style.background = colour;
  item.append(mark, text);
  return item;
}
