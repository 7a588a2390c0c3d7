import { describe, expect, it } from 'vitest';
import { conditions, equalTo, suggest, SYSTEM_ATTRIBUTES, toFilter, tokens, withEqual } from './filter';

const now = new Date('2026-11-30T12:00:00Z');
const offered = (filter: string, cursor = filter.length) => suggest(filter, cursor, SYSTEM_ATTRIBUTES, now).list.map(({ text }) => text);

describe('filters', () => {
  it('are split where AND stands at the top', () => {
    expect(conditions("A = 'x' AND (B = 1 AND C = 2) AND D BETWEEN 1 AND 2")).toEqual(["A = 'x'", '(B = 1 AND C = 2)', 'D BETWEEN 1 AND 2']);
    expect(conditions("A = 'x and y'")).toEqual(["A = 'x and y'"]);
    expect(conditions("A = 1 OR B = 2 AND C = 3")).toEqual(['A = 1 OR B = 2 AND C = 3']);
    expect(conditions('  ')).toEqual([]);
  });

  it('get, change and lose a condition', () => {
    expect(withEqual('', 'ExecutionStatus', 'Failed')).toBe("ExecutionStatus = 'Failed'");
    expect(withEqual("WorkflowType = 'A' AND ExecutionStatus = 'Failed'", 'ExecutionStatus', 'Running')).toBe("WorkflowType = 'A' AND ExecutionStatus = 'Running'");
    expect(withEqual("executionstatus='Failed' AND A = 1", 'ExecutionStatus', undefined)).toBe('A = 1');
    expect(withEqual('A = 1 OR B = 2', 'ExecutionStatus', 'Running')).toBe("(A = 1 OR B = 2) AND ExecutionStatus = 'Running'");
    expect(equalTo("A = 1 AND ExecutionStatus = 'Failed'", 'ExecutionStatus')).toBe('Failed');
    expect(equalTo("A = 1 OR ExecutionStatus = 'Failed'", 'ExecutionStatus')).toBeUndefined();
    expect(equalTo(withEqual('', 'WorkflowId', "it's \\ so"), 'WorkflowId')).toBe("it's \\ so");
  });

  it('are told apart from ids', () => {
    expect(toFilter('order-17')).toContain("WorkflowId STARTS_WITH 'order-17'");
    expect(toFilter("WorkflowType = 'x'")).toBe("WorkflowType = 'x'");
    expect(toFilter("it's")).toContain("WorkflowType = 'it\\'s'");
    expect(toFilter(' ')).toBe('');
  });

  it('are helped along: names, operators, values, and what joins', () => {
    expect(offered('')).toContain('WorkflowType');
    expect(offered('workflowt')[0]).toBe('WorkflowType');
    expect(offered('WorkflowType ')).toContain('STARTS_WITH');
    expect(offered('StartTime ')).toContain('BETWEEN');
    expect(offered("ExecutionStatus = 'F")).toEqual(["'Failed'"]);
    expect(offered('ExecutionStatus IN (')).toContain("'TimedOut'");
    expect(offered('StartTime > ')).toContain("'2026-11-30T11:00:00Z'");
    expect(offered("ExecutionStatus = 'Failed' ")).toEqual(['AND', 'OR']);
    expect(offered("ExecutionStatus = 'Failed' AND Cl")[0]).toBe('CloseTime');
  });

  it('that are broken are no reason to stumble', () => {
    for (const broken of ["'", '((', ')))', "a = 'b", 'AND AND', '= = =', '\u0000', "'\\"]) {
      expect(() => [tokens(broken), conditions(broken), withEqual(broken, 'A', 'b'), offered(broken)]).not.toThrow();
    }
  });
});
