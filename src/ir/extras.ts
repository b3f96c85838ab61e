/**
 * What an entity carried on the wire that the IR does not interpret: rarely used fields of the standard, unknown
 * fields, which optional fields were present. Only the room `onnx` reads or makes these; everybody else passes them on.
 */
export type Extras = { readonly [key: string]: unknown };
