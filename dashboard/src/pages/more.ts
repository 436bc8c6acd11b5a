// Every page but the fleet, by the name of its route.
export { Compare as compare } from "./Compare";
export { Device as device } from "./Device";
export { Settings as settings } from "./Settings";
export { Weather as weather } from "./Weather";
