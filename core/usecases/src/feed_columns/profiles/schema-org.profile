# schema.org: products as JSON-LD.
told by @type, offers | @context, offers

productID = product_id
sku = product_id
name = name
description = description
category = main_category
image = image
url = link
offers.price = actual_price
offers.lowPrice = actual_price
offers.priceCurrency = currency
offers.availability = attributes.availability
aggregateRating.reviewCount = no_of_ratings
aggregateRating.ratingCount = no_of_ratings
brand = brand
aggregateRating = ratings
sku = attributes.sku
gtin13 = attributes.gtin
gtin = attributes.gtin
mpn = attributes.mpn
color = attributes.color
size = attributes.size
material = attributes.material
