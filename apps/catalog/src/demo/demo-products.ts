interface DemoProduct {
  sku: string;
  name: string;
  description: string;
  price: number;
  category: string;
  stock: number;
}

const inCategory = (category: string, products: Omit<DemoProduct, 'category'>[]): DemoProduct[] =>
  products.map((product) => ({ ...product, category }));

/** Prices as people write them. */
export const DEMO_PRODUCTS: readonly DemoProduct[] = [
  ...inCategory('Coffee & Tea', [
    {
      sku: 'COF-ETH-250',
      name: 'Ethiopia Yirgacheffe, 250 g',
      description: 'Washed beans, light roast: bergamot, peach, honey.',
      price: 12.9,
      stock: 140,
    },
    {
      sku: 'COF-COL-1000',
      name: 'Colombia Huila, 1 kg',
      description: 'Medium roast for filter and espresso: caramel, red apple.',
      price: 34.5,
      stock: 60,
    },
    {
      sku: 'TEA-EGR-100',
      name: 'Earl Grey, loose leaf, 100 g',
      description: 'Black tea from Assam with oil of bergamot.',
      price: 8.4,
      stock: 90,
    },
    {
      sku: 'COF-DRP-01',
      name: 'Ceramic pour-over dripper',
      description: 'For one or two cups; takes cone filters of size 02.',
      price: 24,
      stock: 35,
    },
    {
      sku: 'COF-GRD-HND',
      name: 'Hand grinder with steel burrs',
      description: '38 mm conical burrs, 24 settings, holds 25 g.',
      price: 79,
      stock: 18,
    },
  ]),
  ...inCategory('Kitchen', [
    {
      sku: 'KIT-PAN-28',
      name: 'Cast-iron pan, 28 cm',
      description: 'Seasoned with linseed oil; for every stove and the oven.',
      price: 49.95,
      stock: 40,
    },
    {
      sku: 'KIT-KNF-CHF',
      name: "Chef's knife, 20 cm",
      description: 'Forged steel, 58 HRC, walnut handle.',
      price: 89,
      stock: 22,
    },
    {
      sku: 'KIT-BRD-OAK',
      name: 'Oak chopping board',
      description: 'End grain, 40 x 30 cm, oiled; with rubber feet.',
      price: 42,
      stock: 30,
    },
    {
      sku: 'KIT-SCL-5K',
      name: 'Kitchen scale, 5 kg',
      description: 'Reads to 0.1 g up to 500 g; charges by USB-C.',
      price: 27.5,
      stock: 65,
    },
    {
      sku: 'KIT-APR-LIN',
      name: 'Linen apron',
      description: 'Stone-washed linen with two pockets; one size.',
      price: 31,
      stock: 48,
    },
  ]),
  ...inCategory('Stationery', [
    {
      sku: 'STA-NBK-A5',
      name: 'Dotted notebook, A5',
      description: '192 numbered pages of 100 g paper; opens flat.',
      price: 16.5,
      stock: 220,
    },
    {
      sku: 'STA-PEN-FTN',
      name: 'Fountain pen, fine nib',
      description: 'Aluminium body, steel nib; cartridges or converter.',
      price: 38,
      stock: 27,
    },
    {
      sku: 'STA-INK-BLU',
      name: 'Bottled ink, midnight blue, 50 ml',
      description: 'Dries in ten seconds and does not feather.',
      price: 13.2,
      stock: 75,
    },
    {
      sku: 'STA-PCL-12',
      name: 'Graphite pencils, set of 12',
      description: 'From 6B to 4H, in a tin.',
      price: 18.9,
      stock: 110,
    },
    {
      sku: 'STA-CAL-WAL',
      name: 'Wall calendar',
      description: 'Twelve linocuts on recycled paper, 30 x 42 cm.',
      price: 22,
      stock: 4,
    },
  ]),
  ...inCategory('Home', [
    {
      sku: 'HOM-LMP-DSK',
      name: 'Desk lamp',
      description: 'LED, 2,700 to 4,000 K, dims without flicker.',
      price: 119,
      stock: 15,
    },
    {
      sku: 'HOM-BLK-WOL',
      name: 'Wool blanket, 140 x 200 cm',
      description: "Lamb's wool, woven in herringbone.",
      price: 98,
      stock: 20,
    },
    {
      sku: 'HOM-VAS-STN',
      name: 'Stoneware vase',
      description: 'Thrown by hand, 24 cm; every glaze turns out differently.',
      price: 54,
      stock: 9,
    },
    {
      sku: 'HOM-CND-BEE',
      name: 'Beeswax candles, pair',
      description: 'Burn for about eight hours each.',
      price: 11.5,
      stock: 130,
    },
    {
      sku: 'HOM-CLK-WAL',
      name: 'Wall clock, 30 cm',
      description: 'Quiet movement, birch frame.',
      price: 64.9,
      stock: 0,
    },
  ]),
  ...inCategory('Outdoor', [
    {
      sku: 'OUT-BTL-750',
      name: 'Steel bottle, 750 ml',
      description: 'Keeps drinks cold for a day or hot for twelve hours.',
      price: 29.9,
      stock: 85,
    },
    {
      sku: 'OUT-BAG-20',
      name: 'Day pack, 20 l',
      description: 'Waxed canvas, padded for a 15-inch laptop.',
      price: 129,
      stock: 14,
    },
    {
      sku: 'OUT-HMK-02',
      name: 'Hammock for two',
      description: 'Holds 200 kg; with straps that spare the bark.',
      price: 59,
      stock: 25,
    },
    {
      sku: 'OUT-TRC-400',
      name: 'Head torch, 400 lm',
      description: 'Red light, rain-proof, charges by USB-C.',
      price: 44.5,
      stock: 33,
    },
  ]),
];
