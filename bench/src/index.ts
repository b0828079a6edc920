export { type FleetPlan, simulateFleet, type SimulatedFleet } from './simulate/simulate-fleet.ts';
