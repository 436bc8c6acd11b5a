declare module "*?catalog" {
  /** Where the compiled texts of a language are. */
  const url: string;
  export default url;
}
