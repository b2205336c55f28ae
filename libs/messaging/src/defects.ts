/** What went wrong in a service by a fault of ours; `what` names it without saying anything of anyone's data. */
type ReportDefect = (what: string, correlationId?: string) => void;

const reporters = new Map<string, ReportDefect>();

/** Who is told of a service's defects; set by the host for each service. */
export const onDefect = (service: string, report: ReportDefect): void => void reporters.set(service, report);

/** Tells of a defect by the kind of its error: the text of an error may hold what belongs to a person. */
export function reportDefect(service: string, what: string, error: unknown, correlationId?: string): void {
  reporters.get(service)?.(defectText(what, error), correlationId);
}

export const defectText = (what: string, error: unknown): string =>
  `${what}: ${error instanceof Error ? error.name : typeof error}`;
