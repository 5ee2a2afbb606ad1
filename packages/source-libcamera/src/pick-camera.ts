/** What a camera is told by. */
export interface CameraName {
  readonly id: string
  readonly model: string
}

/** The camera with this number, this id, or the first that has the text in its id or model; as the helper does it. */
export function pickCamera<Camera extends CameraName>(
  cameras: readonly Camera[],
  wanted: number | string
): Camera | undefined {
  const number = Number(wanted)
  if (Number.isInteger(number) && cameras[number]) return cameras[number]
  const text = String(wanted)
  return (
    cameras.find(({ id }) => id === text) ?? cameras.find(({ id, model }) => id.includes(text) || model.includes(text))
  )
}
