/** Whether records of a stream of this view type carry the item as it is after the change. */
export function carriesNewImages(viewType: string): boolean {
  return viewType === 'NEW_IMAGE' || viewType === 'NEW_AND_OLD_IMAGES';
}
