export async function square(number: number): Promise<number> {
  return number * number;
}
